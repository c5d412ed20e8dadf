export { ChannelWorker } from './connection.ts';
