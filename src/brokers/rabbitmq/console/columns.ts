/** Which columns of the real tool the simulation can fill. */

/** Columns about what the model has not: memory, disk, sockets, TLS. */
const NOT_MODELLED =
  `exclusive_consumer_pid exclusive_consumer_tag messages_ready_ram messages_unacknowledged_ram
  messages_ram messages_persistent message_bytes_ram message_bytes_persistent head_message_timestamp disk_reads
  disk_writes consumer_utilisation consumer_capacity memory slave_pids synchronised_slave_pids ssl ssl_protocol
  ssl_key_exchange ssl_cipher ssl_hash peer_cert_subject peer_cert_issuer peer_cert_validity peer_cert_serial_number
  container_id auth_mechanism timeout frame_max channel_max client_properties recv_oct recv_cnt send_oct send_cnt
  send_pend connected_at`.split(/\s+/);

export function isModelled(column: string): boolean {
  return !NOT_MODELLED.includes(column);
}
