/** Calls that are made for jobs; the rest signs in, or looks at the start for what no webhook told. */
const FOR_JOBS = /^\w+ (?:\/orgs\/|\/repos\/\{owner\}\/\{repo\}\/actions\/jobs\/)/;
const TOKENS = /access_tokens$/;

export interface CallCounts {
  readonly forJobs: number;
  readonly atStart: number;
}

/** What the emulated GitHub was asked, by its purpose. Access tokens, one an hour, are not counted. */
export function countCalls(calls: ReadonlyMap<string, number>): CallCounts {
  let [forJobs, atStart] = [0, 0];
  for (const [route, times] of calls) {
    if (FOR_JOBS.test(route)) forJobs += times;
    else if (!TOKENS.test(route)) atStart += times;
  }
  return { forJobs, atStart };
}
