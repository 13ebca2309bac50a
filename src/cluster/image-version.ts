/** Which ZooKeeper an image holds, and whether an ensemble may go from one to another. Pure. */
import type { ImageSummary } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { IMAGE_VERSION_LABEL } from './names.js';

const LEADING_NUMBERS = /(\d+)\.(\d+)(?:\.(\d+))?/;

/**
 * The version by our label, by the official image's `DISTRO_NAME=apache-zookeeper-3.9.3-bin`, or by a tag that is one; null where none
 * of them tells.
 */
export function imageVersion(image: ImageSummary | undefined): string | null {
  if (!image) return null;
  const tags = image.references.map((reference) => /:(\d+\.\d+[^:@]*)$/.exec(reference)?.[1] ?? '');
  const told = [image.labels[IMAGE_VERSION_LABEL], image.env?.['DISTRO_NAME'], ...tags].find((text) => LEADING_NUMBERS.test(text ?? ''));
  return LEADING_NUMBERS.exec(told ?? '')?.[0] ?? null;
}

/** Negative where `a` is older. Compares the leading numbers only. */
export function compareVersions(a: string, b: string): number {
  const numbers = (text: string): number[] =>
    (LEADING_NUMBERS.exec(text) ?? []).slice(1).map((part: string | undefined) => Number(part ?? 0));
  const [left, right] = [numbers(a), numbers(b)];
  return [0, 1, 2].map((index) => (left[index] ?? 0) - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/**
 * What a person has to agree to before the image is changed. Throws `refused` for an older ZooKeeper: it may not be able to read what
 * the newer one has written.
 */
export function upgradeQuestions(name: string, from: string | null, to: string | null): string[] {
  if (from === null || to === null) return [`a change from ZooKeeper ${from ?? 'of unknown version'} to ${to ?? 'one of unknown version'}`];
  if (compareVersions(to, from) < 0) {
    throw new ZkdError('refused', `Ensemble "${name}" runs ZooKeeper ${from}, and ${to} is older: it may not be able to read its data`, {
      suggestions: [`zkd cluster up ${name}`],
      details: { cluster: name, from, to },
    });
  }
  return minorOf(from) === minorOf(to) ? [] : [`an upgrade from ZooKeeper ${from} to ${to}, from which there is no way back`];
}
