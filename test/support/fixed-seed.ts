/**
 * Property tests draw the same cases every time, so that a failure is there to be looked at again; ZKD_SEED=random (or a number) draws
 * others.
 */
import fc from 'fast-check';

const wanted = process.env['ZKD_SEED'];
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted ?? 1) });
