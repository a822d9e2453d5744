import { setFlagsFromString } from 'node:v8';

/** From this one on, V8's optimizing compiler takes half a gigabyte for the largest functions of the embedded store. */
const FIRST_NODE_WITH_GREEDY_COMPILER = 22;

/**
 * What a process that serves has to settle before anything else is loaded, so it imports this first.
 *
 * WebAssembly is compiled by V8's baseline compiler alone on newer Node: a request takes as long, the process half the memory
 * (bench/README.md). It has no effect any more once anything was compiled.
 */
if (Number(process.versions.node.split('.')[0]) >= FIRST_NODE_WITH_GREEDY_COMPILER) {
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}

/**
 * graphql-js is loaded in its production mode, whatever NODE_ENV is. In the other mode it compares classes by name too, to find out
 * about a second copy of itself; that takes a fifth of a request's CPU, and here there is one pinned copy. The mode is decided
 * while the module is loaded.
 */
const given = process.env['NODE_ENV'];
process.env['NODE_ENV'] = 'production';
require('graphql');
if (given === undefined) delete process.env['NODE_ENV'];
else process.env['NODE_ENV'] = given;
