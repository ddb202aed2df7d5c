/** A node of a forest, as {@link rootOf} needs it: a link-cut tree, whose trees of paths are ordered by depth. */
export interface ForestNode {
  /** Above in the tree of its path; of the top of that, the node from which the path hangs. */
  up: ForestNode | null;
  /** Nearer to the root of the forest's tree. */
  left: ForestNode | null;
  /** Further from it. */
  right: ForestNode | null;
}

/** The root of the tree in which a node is. About log n steps, on average over many calls, however deep the tree is. */
export function rootOf<T extends ForestNode>(node: T): T {
  expose(node);
  let root: ForestNode = node;
  while (root.left !== null) root = root.left;
  splay(root);
  return root as T;
}

/** Hangs a root below a node of another tree. */
export function hang(root: ForestNode, parent: ForestNode): void {
  expose(root);
  root.up = parent;
}

/** Makes a node that hangs below another a root. */
export function cut(node: ForestNode): void {
  expose(node);
  if (node.left !== null) node.left.up = null;
  node.left = null;
}

/** Makes the way from the root to a node one path that ends there, with the node on top of its tree. */
function expose(node: ForestNode): void {
  splay(node);
  node.right = null;
  while (node.up !== null) {
    const above: ForestNode = node.up;
    splay(above);
    above.right = node;
    splay(node);
  }
}

/** Turns a node to the top of the tree of its path. */
function splay(node: ForestNode): void {
  for (let parent = parentIn(node); parent !== null; parent = parentIn(node)) {
    const above = parentIn(parent);
    if (above !== null) turn((above.left === parent) === (parent.left === node) ? parent : node);
    turn(node);
  }
}

function parentIn(node: ForestNode): ForestNode | null {
  const { up } = node;
  return up !== null && (up.left === node || up.right === node) ? up : null;
}

/** Puts a node above its parent; the order stays. */
function turn(node: ForestNode): void {
  const parent = node.up!;
  const above = parent.up;
  if (above?.left === parent) above.left = node;
  else if (above?.right === parent) above.right = node;
  const isLeft = parent.left === node;
  const between = isLeft ? node.right : node.left;
  if (isLeft) [parent.left, node.right] = [between, parent];
  else [parent.right, node.left] = [between, parent];
  if (between !== null) between.up = parent;
  [parent.up, node.up] = [node, above];
}
