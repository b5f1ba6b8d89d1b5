/** @returns what tells the CPU time used since, in milliseconds */
export function startOfCpu(): () => number {
  const started = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1000;
  };
}
