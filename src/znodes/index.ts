/** The tree of znodes. Commands and other rooms import from here only. */
export { copyTree, type TreePlace } from './copy.js';
export { diffTrees, type Difference } from './diff.js';
export { exportTree, type ExportOptions, type ExportProgress, type ExportResult } from './export.js';
export { findNodes, type FindQuery, type FoundNode } from './find.js';
export { holdNode } from './hold.js';
export { importTree } from './import.js';
export { listChildren, type ListedNode } from './list.js';
export { makeNode } from './make.js';
export type { Placed } from './place-node.js';
export type { PlaceMode, PlaceOptions, PlaceResult } from './place-tree.js';
export { readExport, type TreeExport } from './read-export.js';
export { readTree } from './read-tree.js';
export type { TreeRecord } from './record-format.js';
export { countTree, refuseToRemove, removeTree, type TreeCount } from './remove-tree.js';
export { viewTree, type TreeView, type TreeViewNode } from './tree-view.js';
export { measureUsage, type Usage, type UsageEntry } from './usage.js';
export { walk, type WalkedNode, type WalkOptions } from './walk.js';
export { writeNode, type WriteResult } from './write.js';
