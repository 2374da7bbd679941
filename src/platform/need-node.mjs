// Runs before everything else, on whatever Node there is: older ones cannot read the rest of the program.
const needed = [22, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `PeerSphere needs Node ${needed.join('.')} or newer; this is ${process.versions.node}. On Linux, npm ci brings the right one; elsewhere install it from nodejs.org.`,
  );
  process.exit(1);
}
