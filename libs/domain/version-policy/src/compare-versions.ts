import type { ReleaseVersion } from '@tidegate/contract-manifest';

interface Parts {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly string[];
}

export const parts = (version: ReleaseVersion): Parts => {
  const dash = version.indexOf('-');
  const release = dash < 0 ? version : version.slice(0, dash);
  const [major = 0, minor = 0, patch = 0] = release.split('.').map(Number);
  return { major, minor, patch, prerelease: dash < 0 ? [] : version.slice(dash + 1).split('.') };
};

const comparePrerelease = (a: readonly string[], b: readonly string[]): number => {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const left = a[i];
    const right = b[i];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left === right) continue;
    const numbers = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (numbers[0] && numbers[1]) return Number(left) - Number(right);
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
};

/** Order of SemVer 2.0.0, clause 11: negative when `a` is older. */
export const compareVersions = (a: ReleaseVersion, b: ReleaseVersion): number => {
  const left = parts(a);
  const right = parts(b);
  return (
    left.major - right.major || left.minor - right.minor || left.patch - right.patch || comparePrerelease(left.prerelease, right.prerelease)
  );
};
