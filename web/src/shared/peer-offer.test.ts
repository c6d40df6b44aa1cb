// Offers of a browser in memory: what is asked for besides, and what happens where that is not taken.
import { describe, expect, it } from 'vitest'
import { offerTo, repairingSound } from './peer-offer'

const section = (...more: string[]) =>
  [
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9',
    'a=rtpmap:111 opus/48000/2',
    ...more,
    'a=fmtp:111 minptime=10;useinbandfec=1',
    'a=rtpmap:63 red/48000/2',
    'a=fmtp:63 111/111',
    'a=rtpmap:9 G722/8000',
    '',
  ].join('\r\n')

describe('repairingSound', () => {
  it('asks for lost Opus in every section, and for nothing else', () => {
    const repaired = section('a=rtcp-fb:111 nack')
    expect(repairingSound(section())).toBe(repaired)
    expect(repairingSound(section() + section())).toBe(repaired + repaired)
  })

  it('says it once, also where the browser says it already', () => {
    const own = section('a=rtcp-fb:111 transport-cc', 'a=rtcp-fb:111 nack')
    expect(repairingSound(own)).toBe(own)
    const other = section('a=rtcp-fb:111 nack pli')
    expect(repairingSound(other)).toBe(section('a=rtcp-fb:111 nack', 'a=rtcp-fb:111 nack pli'))
  })

  it('leaves an offer without Opus alone', () => {
    const pictures = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n'
    expect(repairingSound(pictures)).toBe(pictures)
  })
})

describe('offerTo', () => {
  const browser = (refuses: (sdp: string) => boolean) => {
    const taken: string[] = []
    const pc = {
      createOffer: async () => ({ type: 'offer', sdp: section() }),
      setLocalDescription: async ({ sdp }: { sdp: string }) => {
        if (refuses(sdp)) throw new DOMException('changed', 'InvalidModificationError')
        taken.push(sdp)
      },
    }
    return { taken, pc: pc as unknown as RTCPeerConnection }
  }

  it('gives the changed offer to the browser, and its own where that is refused', async () => {
    const willing = browser(() => false)
    await offerTo(willing.pc)
    expect(willing.taken).toEqual([section('a=rtcp-fb:111 nack')])
    const strict = browser(sdp => sdp !== section())
    await offerTo(strict.pc)
    expect(strict.taken).toEqual([section()])
  })

  it('lets a connection that was closed meanwhile say so', async () => {
    await expect(offerTo(browser(() => true).pc)).rejects.toThrow('changed')
  })
})
