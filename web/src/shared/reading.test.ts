import { expect, it } from 'vitest'
import { createReading } from './reading'

const paper_id = 'p'

it('follows the lead, leaves it by turning, and comes back', () => {
  const reading = createReading()
  reading.getState().suggest(paper_id)
  reading.getState().led({ paper_id, page: 7 })
  expect(reading.getState().place).toEqual({ paper_id, page: 7 })
  reading.getState().turn(8)
  reading.getState().led({ paper_id, page: 9 })
  expect(reading.getState().place).toEqual({ paper_id, page: 8 })
  reading.getState().follow(true)
  expect(reading.getState().place).toEqual({ paper_id, page: 9 })
})

it('does not throw the leader back to a page left meanwhile', () => {
  const reading = createReading()
  reading.getState().suggest(paper_id)
  reading.getState().follow(false) // begins to lead from page 1
  reading.getState().turn(2) // before the server has answered
  reading.getState().led({ paper_id, page: 1 })
  expect(reading.getState().place).toEqual({ paper_id, page: 2 })
})
