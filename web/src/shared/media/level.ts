// How loud a track is, 0 to 1, and a short tone to try the loudspeaker. Web Audio only.

let shared: AudioContext | null = null

/** One context for the page: browsers allow few. Null where there is no Web Audio. */
function context(): AudioContext | null {
  if (typeof AudioContext === 'undefined') return null
  shared ??= new AudioContext()
  // Suspended until the page may make sound; a microphone in use or the first touch allows it.
  if (shared.state === 'suspended') void shared.resume().catch(() => undefined)
  return shared
}

/** Silence to a shout on the scale an ear has: -60 dB is 0, -6 dB and louder is 1. */
export function levelOf(rms: number): number {
  if (rms <= 0) return 0
  const decibels = 20 * Math.log10(rms)
  return Math.min(1, Math.max(0, (decibels + 60) / 54))
}

/** Calls `take` about twelve times a second. Returns the way to stop. */
export function listen(track: MediaStreamTrack, take: (level: number) => void): () => void {
  const audio = context()
  if (audio === null) return () => undefined
  const source = audio.createMediaStreamSource(new MediaStream([track]))
  const analyser = audio.createAnalyser()
  analyser.fftSize = 1024
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const ticking = setInterval(() => {
    if (audio.state === 'suspended') void audio.resume().catch(() => undefined)
    analyser.getFloatTimeDomainData(samples)
    take(levelOf(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)))
  }, 80)
  return () => {
    clearInterval(ticking)
    source.disconnect()
  }
}

const TONE_S = 1.2

/** Two soft notes through the loudspeaker; resolves when they have sounded. */
export async function playTone(): Promise<void> {
  const audio = context()
  if (audio === null) throw new Error('no sound on this device')
  await audio.resume()
  const gain = audio.createGain()
  gain.connect(audio.destination)
  const start = audio.currentTime
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(0.25, start + 0.05)
  gain.gain.setValueAtTime(0.25, start + TONE_S - 0.2)
  gain.gain.linearRampToValueAtTime(0, start + TONE_S)
  const note = audio.createOscillator()
  note.frequency.setValueAtTime(523.25, start)
  note.frequency.setValueAtTime(659.25, start + TONE_S / 2)
  note.connect(gain)
  note.start(start)
  note.stop(start + TONE_S)
  await new Promise(resolve => note.addEventListener('ended', resolve, { once: true }))
}
