/** The lotus of the icon as a line drawing in the colour of the text round it. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 512 512"
      aria-hidden="true"
      style={{ flex: 'none', display: 'block' }}
    >
      <g fill="none" stroke="currentColor" strokeWidth="34" strokeLinejoin="round" strokeLinecap="round">
        <path d="M256 96c-56 60-56 164 0 232 56-68 56-172 0-232Z" />
        <path d="M198 198c-43-19-84-24-120-15 6 84 71 153 178 157 107-4 172-73 178-157-36-9-77-4-120 15" />
        <path d="M142 412h228" />
      </g>
    </svg>
  )
}
