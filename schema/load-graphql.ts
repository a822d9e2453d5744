/**
 * Loads graphql-js in its production mode, whatever NODE_ENV is. In the other mode it compares classes by name too, to find out
 * about a second copy of itself; that takes a fifth of a request's CPU, and here there is one pinned copy. The mode is decided
 * once, while the module is loaded, so a process that serves imports this first.
 */
const given = process.env['NODE_ENV'];
process.env['NODE_ENV'] = 'production';
require('graphql');
if (given === undefined) delete process.env['NODE_ENV'];
else process.env['NODE_ENV'] = given;
