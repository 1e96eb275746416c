/** Text frames of RFC 6455, as much as a handshake needs: no fragments, no control frames, at most 64 KiB. */
export function encodeText(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126 ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

/** Takes the complete frames of a client (masked, as clients must) off the front; what is left over comes back as `rest`. */
export function decodeTexts(received: Buffer): { readonly texts: string[]; readonly rest: Buffer } {
  const texts: string[] = [];
  let rest = received;
  for (;;) {
    const second = rest[1];
    if (second === undefined) break;
    const short = second & 0x7f;
    const head = short < 126 ? 2 : 4;
    if (rest.length < head + 4) break;
    const length = short < 126 ? short : rest.readUInt16BE(2);
    const end = head + 4 + length;
    if (rest.length < end) break;
    const mask = rest.subarray(head, head + 4);
    const payload = Buffer.from(rest.subarray(head + 4, end));
    for (let index = 0; index < payload.length; index++) payload[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
    if (((rest[0] ?? 0) & 0x0f) === 1) texts.push(payload.toString('utf8'));
    rest = rest.subarray(end);
  }
  return { texts, rest };
}
