// The weights of a model, read from a file that `unrolled export` has written.

const FORMAT = "unrolled/explorer/1";
const CUT = "is cut off; load the page again";
const FOREIGN = "is not one of this book's";

/** What is wrong with a file, as the end of a sentence. */
class Unusable extends Error {}

/** A file in the format safetensors: how long the header is, the header as JSON, the numbers. */
export class Weights {
  /**
   * @param {string | URL} url
   * @param {(weights: Weights) => T} build what to make of them
   * @returns {Promise<T>}
   * @throws {Error} the message is one sentence for a reader
   * @template T
   */
  static async load(url, build) {
    try {
      return build(new Weights(await fetched(url)));
    } catch (error) {
      const name = String(url).split("/").pop();
      const why = error instanceof Unusable ? error.message : FOREIGN;
      throw new Error(`This model cannot be shown: its file ${name} ${why}.`, { cause: error });
    }
  }

  constructor(buffer) {
    this.bytes = new DataView(buffer);
    if (buffer.byteLength < 9) throw new Unusable(CUT);
    if (this.bytes.getUint8(8) !== "{".charCodeAt(0)) throw new Unusable(FOREIGN);
    this.start = 8 + Number(this.bytes.getBigUint64(0, true));
    if (this.start > buffer.byteLength) throw new Unusable(CUT);
    const header = new TextDecoder().decode(new Uint8Array(buffer, 8, this.start - 8));
    this.header = JSON.parse(header);
    this.facts = JSON.parse(this.header.__metadata__.unrolled);
    if (this.facts.format !== FORMAT) throw new Unusable("is of another edition of this book");
  }

  /** An array by its name. @param {...number} shape which it must have @returns {Float32Array} */
  take(name, ...shape) {
    const { dtype, shape: found, data_offsets: [from, to] } = this.header[name];
    const size = shape.reduce((x, y) => x * y);
    if (dtype !== "F16" || String(found) !== String(shape) || to - from !== 2 * size) {
      throw new Unusable(FOREIGN);
    }
    if (this.start + to > this.bytes.byteLength) throw new Unusable(CUT);
    const number = (_, j) => half(this.bytes.getUint16(this.start + from + 2 * j, true));
    return Float32Array.from({ length: size }, number);
  }

  /** The weight (R, C) and the bias (R,) of an affine map. */
  affine(name, R, C) {
    return { W: this.take(`${name}.weight`, R, C), b: this.take(`${name}.bias`, R) };
  }
}

async function fetched(url) {
  let response, buffer;
  try {
    response = await fetch(url);
    buffer = await response.arrayBuffer();
  } catch {
    throw new Unusable("did not arrive; check the connection and load the page again");
  }
  if (!response.ok) throw new Unusable("is missing");
  return buffer;
}

/** The number that 16 bits stand for: a sign, 5 bits of an exponent, 10 of a fraction. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction;
  return bits & 0x8000 ? -size : size;
}
