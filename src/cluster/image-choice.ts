/**
 * Which image an ensemble, or a balancer, runs. What was asked for is used or the command fails; only the default image falls back, with a warning,
 * to the newest local image labelled as ours.
 */
import type { Engine, ImageSummary } from '../engine/index.js';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import { IMAGE_VERSION_LABEL } from './names.js';
import type { ImageChoice } from './record.js';
import { DEFAULT_IMAGE } from './settings.js';

export type PullPolicy = 'missing' | 'always' | 'never';

export interface ImageRequest {
  /** What was given; undefined for the default. */
  readonly given: string | undefined;
  /** The default, and by which label `bin/setup` marks images of ours that can stand in for it; of ZooKeeper where absent. */
  readonly preset?: { readonly reference: string; readonly versionLabel: string };
  readonly pull: PullPolicy;
  readonly signal: AbortSignal;
  /** What to do where it cannot be had; for an ensemble where absent. */
  readonly suggestions?: readonly string[];
  onPull(reference: string): void;
  caution(text: string): void;
}

/** A pull of the default image that shows no sign of life for so long is given up. */
const NO_PROGRESS_MS = 5000;

/** Finds or pulls the image. Rejects with `engine-unavailable` and the engine's reason where it cannot be had. */
export async function chooseImage(engine: Engine, request: ImageRequest): Promise<ImageChoice> {
  const { reference, versionLabel } = request.preset ?? { reference: DEFAULT_IMAGE, versionLabel: IMAGE_VERSION_LABEL };
  const wanted = request.given ?? reference;
  const local = request.pull === 'always' ? undefined : await engine.findImage(wanted);
  if (local) return { wanted, used: wanted, id: local.id };
  const failure = request.pull === 'never' ? neverPulled(wanted) : await pull(engine, wanted, request);
  if (failure === undefined) {
    const pulled = await engine.findImage(wanted);
    if (pulled) return { wanted, used: wanted, id: pulled.id };
  }
  if (request.given === undefined && request.pull !== 'always') {
    const fallback = newest(await engine.listImages({ [versionLabel]: true }), versionLabel);
    const used = fallback?.references[0];
    if (fallback && used) {
      request.caution(`image ${wanted} cannot be had (${reasonOf(failure)}); using ${used} instead`);
      return { wanted, used, id: fallback.id };
    }
  }
  throw new ZkdError('engine-unavailable', `Image "${wanted}" cannot be had: ${reasonOf(failure)}`, {
    cause: failure,
    suggestions: request.suggestions ?? ['zkd cluster up --image REFERENCE', 'In a clone of zkd: bin/setup --yes'],
    details: { reason: 'image-unavailable', image: wanted },
  });
}

const neverPulled = (reference: string): ZkdError =>
  new ZkdError('engine-unavailable', `it is not on this engine, and --pull never forbids pulling`, { details: { image: reference } });

/** The engine's own words where it said any. */
function reasonOf(failure: unknown): string {
  if (failure === undefined) return 'the engine does not find it after pulling';
  const words = failure instanceof ZkdError ? failure.details['engine'] : undefined;
  return typeof words === 'string' ? words : messageOf(failure);
}

/** Pulls; answers the error where that fails for want of the image or of progress. */
async function pull(engine: Engine, reference: string, request: ImageRequest): Promise<unknown> {
  const stalled = new AbortController();
  const giveUp = (): void =>
    stalled.abort(new ZkdError('engine-unavailable', `the pull shows no progress within ${NO_PROGRESS_MS / 1000} s`));
  const mayStall = request.given !== undefined;
  let timer = mayStall ? undefined : setTimeout(giveUp, NO_PROGRESS_MS);
  request.onPull(reference);
  try {
    await engine.pullImage(reference, {
      signal: AbortSignal.any([stalled.signal, request.signal]),
      onProgress() {
        if (timer === undefined) return;
        clearTimeout(timer);
        timer = setTimeout(giveUp, NO_PROGRESS_MS);
      },
    });
    return undefined;
  } catch (error) {
    request.signal.throwIfAborted();
    if (hasReason(error, 'unreachable') || hasReason(error, 'permission-denied')) throw error;
    return stalled.signal.aborted ? stalled.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The one with the highest version, then the youngest. */
function newest(images: readonly ImageSummary[], versionLabel: string): ImageSummary | undefined {
  const version = (image: ImageSummary): string => image.labels[versionLabel] ?? '';
  const tagged = images.filter(({ references }) => references.some((reference) => !reference.startsWith('<none>')));
  return tagged.sort((a, b) => version(b).localeCompare(version(a), 'en', { numeric: true }) || b.createdAt.localeCompare(a.createdAt))[0];
}
