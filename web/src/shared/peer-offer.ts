// What our offers ask for besides what a browser writes by itself. Pure: a description in, a description out.

/**
 * Lost sound is asked for again, and sent again (NACK, RFC 4585). Chromium and Safari can do both for Opus and do so
 * when the answer has it, but offer it for pictures only; nothing else than a changed offer tells them to.
 */
export const repairingSound = (sdp: string): string =>
  sdp.replace(/^a=rtpmap:(\d+) opus\/\S+/gim, (line, type: string) =>
    new RegExp(`^a=rtcp-fb:${type} nack\\s*$`, 'm').test(sdp) ? line : `${line}\r\na=rtcp-fb:${type} nack`,
  )

/** Makes our offer the local description. A browser that takes no changed one goes without. */
export async function offerTo(pc: RTCPeerConnection): Promise<void> {
  const offer = await pc.createOffer()
  try {
    await pc.setLocalDescription({ type: 'offer', sdp: repairingSound(offer.sdp ?? '') })
  } catch {
    await pc.setLocalDescription(offer)
  }
}
