const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `Tue Nov 24 02:03:02 2026`, in this process's zone, as the C library's ctime writes it. */
export function ctime(at: number): string {
  const date = new Date(at);
  return `${dayOf(date)} ${time(date)}:${two(date.getSeconds())} ${date.getFullYear()}`;
}

/** `Tue Nov 24 at 02:03`, as the scheduler writes it into comments. */
export function commentTime(at: number): string {
  const date = new Date(at);
  return `${dayOf(date)} at ${time(date)}`;
}

function dayOf(date: Date): string {
  const day = String(date.getDate()).padStart(2, " ");
  return `${DAYS[date.getDay()] ?? ""} ${MONTHS[date.getMonth()] ?? ""} ${day}`;
}

function time(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
