// How long words are, for type on a wall that cannot scroll: the longer they are, the smaller they stand.
export type Length = 'short' | 'long' | 'endless'

export const lengthOf = (words: string): Length =>
  words.length > 180 ? 'endless' : words.length > 60 ? 'long' : 'short'
