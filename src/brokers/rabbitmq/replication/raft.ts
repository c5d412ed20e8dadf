/**
 * Raft for one queue, as far as every replica agrees on it: terms, votes, a replicated log and what of it is
 * committed. No timer, no wire and no queue in it: its replica (replica.ts) brings those.
 *
 * Two simplifications beside the paper's. A leader counts its own disk before anybody else's: nothing is committed that it
 * has not written. And a replica applies only what its own disk has, so that what it has applied survives a crash.
 */
import { assert } from '../../../sim/errors.ts';
import { RaftLog, type Entry } from './log.ts';

/** Entries that one message carries at most; and those that wait for a follower's answer. */
const BATCH_MAX = 512;
const PIPELINE_MAX = 4096;

export type Rpc =
  /** Asks whether an election would be won, before a new term is begun for it. */
  | { readonly rpc: 'pre-vote'; readonly term: number; readonly lastIndex: number; readonly lastTerm: number }
  | { readonly rpc: 'vote'; readonly term: number; readonly lastIndex: number; readonly lastTerm: number }
  | { readonly rpc: 'pre-voted' | 'voted'; readonly term: number; readonly granted: boolean }
  | {
      readonly rpc: 'append';
      readonly term: number;
      readonly previousIndex: number;
      readonly previousTerm: number;
      readonly entries: readonly Entry[];
      readonly commit: number;
      /** The leader wants to hear what the follower has, though it sends nothing new. */
      readonly asks: boolean;
    }
  /** `match`: what the follower's disk has; refused, the last index where the two logs may agree. */
  | { readonly rpc: 'appended'; readonly term: number; readonly success: boolean; readonly match: number }
  | {
      readonly rpc: 'snapshot';
      readonly term: number;
      readonly index: number;
      readonly lastTerm: number;
      readonly state: unknown;
    }
  /** A leader that leaves asks a follower to stand for election at once. */
  | { readonly rpc: 'take-over'; readonly term: number };

export interface RaftEffects {
  send(to: string, rpc: Rpc): void;
  /** The disk is to have the log up to this index; {@link Raft.written} is the answer. */
  write(index: number, bytes: number): void;
  /** Entries that a leader's log does not have are gone. */
  truncated(entries: readonly Entry[], from: number): void;
  /** A follower has these entries now. */
  received(from: number, entries: readonly Entry[]): void;
  becameLeader(): void;
  /** It follows, whom it may not know yet. */
  becameFollower(leader: string | null): void;
  /** Everything up to the index is in this state instead of in the log. */
  install(state: unknown, index: number): void;
  /** @returns the applied state, for a follower that the log cannot help any more */
  snapshot(): { readonly state: unknown; readonly index: number };
  /** Whether this replica hears from the leader that it follows. */
  hearsLeader(): boolean;
}

interface Peer {
  /** The next entry to send, and the last one that its disk has. */
  next: number;
  match: number;
  /** The commit index that it has been told of. */
  told: number;
}

export class Raft {
  readonly id: string;
  readonly members: readonly string[];
  readonly log = new RaftLog();
  term = 0;
  role: 'follower' | 'candidate' | 'leader' = 'follower';
  leader: string | null = null;
  commit = 0;
  /** What the disk has. */
  synced = 0;
  /** Counts truncations: what the disk was asked to write before one is not what it has to have now. */
  version = 0;
  /** How far this follower's log is known to be its leader's. */
  private matched = 0;
  private votedFor: string | null = null;
  private preVotes = new Set<string>();
  private votes = new Set<string>();
  private peers = new Map<string, Peer>();

  constructor(id: string, members: readonly string[]) {
    this.id = id;
    this.members = members;
  }

  get majority(): number {
    return Math.floor(this.members.length / 2) + 1;
  }

  /** The queue was declared here: this replica leads from the beginning, as the first term's election goes. */
  lead(effects: RaftEffects): void {
    this.term = 1;
    this.votedFor = this.id;
    this.becomeLeader(effects);
  }

  /** Followers know who was made leader when the queue was declared. */
  follow(leader: string): void {
    this.term = 1;
    this.leader = leader;
  }

  /** The process died: its memory is gone, its disk is not. */
  crash(effects: Pick<RaftEffects, 'truncated'>): void {
    if (this.log.lastIndex > this.synced) {
      const lost = this.log.truncate(this.synced + 1);
      effects.truncated(lost, this.synced + 1);
    }
    this.version++;
    this.matched = 0;
    this.commit = Math.min(this.commit, this.synced);
    this.role = 'follower';
    this.leader = null;
    this.preVotes.clear();
    this.votes.clear();
    this.peers.clear();
  }

  /** The leader is not heard from: asks whether the others would elect this replica. */
  stand(effects: RaftEffects): void {
    if (this.role === 'leader') return;
    this.role = 'follower';
    this.leader = null;
    this.preVotes = new Set([this.id]);
    const { term } = this;
    for (const to of this.others())
      effects.send(to, {
        rpc: 'pre-vote',
        term: term + 1,
        lastIndex: this.log.lastIndex,
        lastTerm: this.log.lastTerm,
      });
    if (this.preVotes.size >= this.majority) this.elect(effects);
  }

  /** A leader that stops by its own will hands over to the follower that has most. @returns whether there is one */
  handOver(reachable: (peer: string) => boolean, effects: RaftEffects): boolean {
    let best: string | null = null;
    for (const [id, { match }] of this.peers)
      if (reachable(id) && (best === null || match > this.peers.get(best)!.match)) best = id;
    if (best === null || this.peers.get(best)!.match < this.log.lastIndex) return false;
    effects.send(best, { rpc: 'take-over', term: this.term });
    return true;
  }

  /** Takes a command into the leader's log; {@link replicate} sends it. */
  append(
    { command, at, channel, order, position }: Omit<Entry, 'term'>,
    effects: Pick<RaftEffects, 'write'>,
  ): void {
    const entry: Entry = Object.freeze({ term: this.term, command, at, channel, order, position });
    this.log.append(entry);
    effects.write(this.log.lastIndex, bytesOfEntry(entry));
  }

  /** Sends each follower what it does not have, or has not heard of. */
  replicate(effects: RaftEffects): void {
    if (this.role !== 'leader') return;
    for (const [to, peer] of this.peers) this.sendTo(to, peer, effects, 'entries');
  }

  /** Tells those that have not heard of it what is committed. */
  tellCommit(effects: RaftEffects): void {
    if (this.role !== 'leader') return;
    for (const [to, peer] of this.peers) if (peer.told < this.commit) this.sendTo(to, peer, effects, 'news');
  }

  /** Tells followers that are quiet that there is a leader; also sends again what was lost. */
  beat(effects: RaftEffects, reconnected: string): void {
    const peer = this.peers.get(reconnected);
    if (this.role !== 'leader' || !peer) return;
    peer.next = peer.match + 1;
    this.sendTo(reconnected, peer, effects, 'question');
  }

  /** The disk has the log up to this index. */
  written(index: number, effects: RaftEffects): void {
    this.synced = Math.max(this.synced, Math.min(index, this.log.lastIndex));
    if (this.role === 'leader') this.advance();
    else if (this.leader !== null)
      effects.send(this.leader, {
        rpc: 'appended',
        term: this.term,
        success: true,
        match: Math.min(this.synced, this.matched),
      });
  }

  /** What this replica may apply now. */
  get applicable(): number {
    return Math.min(this.commit, this.synced);
  }

  /** The lowest index that some member still needs. */
  get neededFrom(): number {
    let needed = this.applicable + 1;
    for (const { match } of this.peers.values()) needed = Math.min(needed, match + 1);
    return needed;
  }

  on(rpc: Rpc, from: string, effects: RaftEffects): void {
    if (rpc.rpc === 'pre-vote') {
      // A replica that hears its leader wants no other.
      const granted =
        rpc.term > this.term && this.isAsGood(rpc) && this.role !== 'leader' && !effects.hearsLeader();
      effects.send(from, { rpc: 'pre-voted', term: granted ? rpc.term : this.term, granted });
      return;
    }
    if (rpc.rpc === 'pre-voted') {
      if (rpc.granted && rpc.term === this.term + 1 && this.role === 'follower' && this.leader === null) {
        this.preVotes.add(from);
        if (this.preVotes.size >= this.majority) this.elect(effects);
      } else if (!rpc.granted && rpc.term > this.term) this.stepDown(rpc.term, null, effects);
      return;
    }
    if (rpc.term > this.term) this.stepDown(rpc.term, null, effects);
    switch (rpc.rpc) {
      case 'vote': {
        const granted =
          rpc.term === this.term &&
          this.role !== 'leader' &&
          (this.votedFor === null || this.votedFor === from) &&
          this.isAsGood(rpc);
        if (granted) this.votedFor = from;
        effects.send(from, { rpc: 'voted', term: this.term, granted });
        return;
      }
      case 'voted':
        if (this.role !== 'candidate' || rpc.term !== this.term || !rpc.granted) return;
        this.votes.add(from);
        if (this.votes.size >= this.majority) this.becomeLeader(effects);
        return;
      case 'append':
        this.onAppend(rpc, from, effects);
        return;
      case 'appended':
        this.onAppended(rpc, from, effects);
        return;
      case 'snapshot':
        this.onSnapshot(rpc, from, effects);
        return;
      case 'take-over':
        if (rpc.term === this.term && this.leader === from) this.elect(effects);
    }
  }

  private *others(): Generator<string> {
    for (const id of this.members) if (id !== this.id) yield id;
  }

  private isAsGood({
    lastIndex,
    lastTerm,
  }: {
    readonly lastIndex: number;
    readonly lastTerm: number;
  }): boolean {
    const { log } = this;
    return lastTerm > log.lastTerm || (lastTerm === log.lastTerm && lastIndex >= log.lastIndex);
  }

  private elect(effects: RaftEffects): void {
    this.term++;
    this.role = 'candidate';
    this.leader = null;
    this.votedFor = this.id;
    this.preVotes.clear();
    this.votes = new Set([this.id]);
    const { term, log } = this;
    for (const to of this.others())
      effects.send(to, { rpc: 'vote', term, lastIndex: log.lastIndex, lastTerm: log.lastTerm });
    if (this.votes.size >= this.majority) this.becomeLeader(effects);
  }

  private becomeLeader(effects: RaftEffects): void {
    this.role = 'leader';
    this.leader = this.id;
    this.votes.clear();
    this.peers = new Map();
    for (const id of this.others()) this.peers.set(id, { next: this.log.lastIndex + 1, match: 0, told: 0 });
    effects.becameLeader();
  }

  private stepDown(term: number, leader: string | null, effects: RaftEffects): void {
    const changed = this.leader !== leader || this.role !== 'follower';
    if (term > this.term) {
      this.term = term;
      this.votedFor = null;
    }
    if (changed) this.matched = 0;
    this.role = 'follower';
    this.leader = leader;
    this.preVotes.clear();
    this.votes.clear();
    this.peers.clear();
    if (changed) effects.becameFollower(leader);
  }

  private onAppend(rpc: Extract<Rpc, { rpc: 'append' }>, from: string, effects: RaftEffects): void {
    if (rpc.term < this.term) {
      effects.send(from, { rpc: 'appended', term: this.term, success: false, match: 0 });
      return;
    }
    if (this.leader !== from || this.role !== 'follower') this.stepDown(rpc.term, from, effects);
    const { log } = this;
    const known = log.termAt(rpc.previousIndex);
    // What a snapshot stands for is committed, so it agrees.
    if (rpc.previousIndex >= log.firstIndex - 1 && known !== rpc.previousTerm) {
      const match = Math.min(log.lastIndex, rpc.previousIndex - 1);
      effects.send(from, { rpc: 'appended', term: this.term, success: false, match });
      return;
    }
    let index = rpc.previousIndex;
    let skipped = 0;
    for (const entry of rpc.entries) {
      index++;
      if (index < log.firstIndex) {
        skipped++;
        continue;
      }
      const mine = log.termAt(index);
      if (mine === entry.term) {
        skipped++;
        continue;
      }
      if (mine !== undefined) this.truncate(index, effects);
      break;
    }
    const news = skipped === 0 ? rpc.entries : rpc.entries.slice(skipped);
    const firstNew = rpc.previousIndex + skipped + 1;
    for (const entry of news) log.append(entry);
    if (news.length > 0) {
      effects.received(firstNew, news);
      effects.write(log.lastIndex, bytesOf(news));
    }
    this.matched = Math.max(this.matched, rpc.previousIndex + rpc.entries.length);
    // A follower knows of nothing as committed that it has not compared with the leader's log.
    const commit = Math.min(rpc.commit, this.matched);
    this.commit = Math.max(this.commit, commit);
    if (news.length === 0 && (rpc.entries.length > 0 || rpc.asks))
      effects.send(from, {
        rpc: 'appended',
        term: this.term,
        success: true,
        match: Math.min(this.synced, this.matched),
      });
  }

  private onAppended(rpc: Extract<Rpc, { rpc: 'appended' }>, from: string, effects: RaftEffects): void {
    const peer = this.peers.get(from);
    if (this.role !== 'leader' || rpc.term !== this.term || !peer) return;
    if (!rpc.success) {
      peer.next = Math.max(peer.match + 1, Math.min(rpc.match + 1, peer.next - 1));
      this.sendTo(from, peer, effects, 'question');
      return;
    }
    if (rpc.match > peer.match) {
      peer.match = rpc.match;
      peer.next = Math.max(peer.next, peer.match + 1);
      this.advance();
    }
    this.sendTo(from, peer, effects, 'entries');
  }

  private onSnapshot(rpc: Extract<Rpc, { rpc: 'snapshot' }>, from: string, effects: RaftEffects): void {
    if (rpc.term < this.term) return;
    if (this.leader !== from || this.role !== 'follower') this.stepDown(rpc.term, from, effects);
    if (rpc.index > this.commit) {
      // What it had beyond that its leader's log does not have: the two would have agreed further on.
      if (this.log.lastIndex > rpc.index) this.truncate(rpc.index + 1, effects);
      this.log.reset(rpc.index, rpc.lastTerm);
      this.commit = rpc.index;
      this.synced = rpc.index;
      this.matched = rpc.index;
      this.version++;
      effects.install(rpc.state, rpc.index);
    }
    effects.send(from, { rpc: 'appended', term: this.term, success: true, match: this.synced });
  }

  private truncate(index: number, effects: RaftEffects): void {
    assert(index > this.commit, `${this.id} would forget what is committed`);
    effects.truncated(this.log.truncate(index), index);
    this.synced = Math.min(this.synced, index - 1);
    this.version++;
  }

  /** @param what it is sent for: entries, where there are any; news of what is committed; or to hear what it has */
  private sendTo(to: string, peer: Peer, effects: RaftEffects, what: 'entries' | 'news' | 'question'): void {
    const { log, term, commit } = this;
    if (peer.next < log.firstIndex) {
      const { state, index } = effects.snapshot();
      effects.send(to, { rpc: 'snapshot', term, index, lastTerm: log.termAt(index) ?? 0, state });
      peer.next = index + 1;
      peer.told = commit;
      return;
    }
    const room = PIPELINE_MAX - (peer.next - 1 - peer.match);
    const entries = room > 0 ? log.from(peer.next, Math.min(BATCH_MAX, room)) : [];
    if (entries.length === 0 && what === 'entries') return;
    const previousIndex = peer.next - 1;
    effects.send(to, {
      rpc: 'append',
      term,
      previousIndex,
      previousTerm: log.termAt(previousIndex) ?? 0,
      entries,
      commit,
      asks: what === 'question',
    });
    peer.next += entries.length;
    peer.told = commit;
  }

  /** A majority has it, and it is of this term: then it is committed, and all before it. */
  private advance(): void {
    const index = Math.min(this.highestWithMajority(), this.synced);
    if (index <= this.commit || this.log.termAt(index) !== this.term) return;
    this.commit = index;
  }

  /** The last index that most have on their disks. Made for every word of a follower: it takes no memory. */
  private highestWithMajority(): number {
    let highest = this.have(this.synced) >= this.majority ? this.synced : 0;
    for (const { match } of this.peers.values())
      if (match > highest && this.have(match) >= this.majority) highest = match;
    return highest;
  }

  private have(index: number): number {
    let count = this.synced >= index ? 1 : 0;
    for (const { match } of this.peers.values()) if (match >= index) count++;
    return count;
  }
}

/** What an entry takes on a disk, about: a message its body, everything its head. */
export function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += bytesOfEntry(entry);
  return bytes;
}

function bytesOfEntry({ command }: Entry): number {
  return 64 + (command?.type === 'enqueue' ? command.message.bytes : 0);
}
