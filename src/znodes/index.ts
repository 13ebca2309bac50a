/** The tree of znodes. Commands and other rooms import from here only. */
export { holdNode } from './hold.js';
export { listChildren, type ListedNode } from './list.js';
export { makeNode } from './make.js';
export { writeNode, type WriteResult } from './write.js';
