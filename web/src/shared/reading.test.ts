import { describe, expect, it } from 'vitest'
import { createReading } from './reading'

const lead = (page: number) => ({ paper_id: 'a', page })

describe('reading along', () => {
  it('goes where the chair leads, until this person turns elsewhere', () => {
    const reading = createReading()
    const now = reading.getState
    now().led(lead(7))
    expect(now()).toMatchObject({ place: lead(7), following: true })
    now().turn(8)
    expect(now()).toMatchObject({ place: lead(8), following: false })
    now().led(lead(9))
    expect(now().place).toEqual(lead(8))
    now().follow(true)
    expect(now()).toMatchObject({ place: lead(9), following: true })
  })

  it('is led anew after a lead has ended', () => {
    const { getState: now } = createReading()
    now().led(lead(7))
    now().open('b')
    now().led(null)
    expect(now()).toMatchObject({ place: { paper_id: 'b', page: 1 }, following: true })
    now().led(lead(2))
    expect(now().place).toEqual(lead(2))
  })

  it('opens a paper where it was left and follows on while nobody leads', () => {
    const { getState: now } = createReading()
    now().suggest('a')
    now().turn(4)
    now().open('b')
    now().open('a')
    expect(now()).toMatchObject({ place: { paper_id: 'a', page: 4 }, following: true })
  })
})
