// The weights of a model, read from a safetensors file: the length of the header, the header as
// JSON, then the numbers, which here are all in half precision.

const CUT = "is cut off; load the page again";

/** What is wrong with a file, as the end of a sentence for a reader. */
export class Unusable extends Error {}

export class Weights {
  /**
   * @param {string | URL} url
   * @returns {Promise<Weights>}
   * @throws {Error} an `Unusable` if there is more to say than that the file is of another kind
   */
  static async load(url) {
    return new Weights(await fetched(url));
  }

  /** @param {ArrayBuffer} buffer the whole file */
  constructor(buffer) {
    this.bytes = new DataView(buffer);
    if (buffer.byteLength < 9) throw new Unusable(CUT);
    if (this.bytes.getUint8(8) !== "{".charCodeAt(0)) throw new Error("this is no safetensors file");
    this.start = 8 + Number(this.bytes.getBigUint64(0, true));
    if (this.start > buffer.byteLength) throw new Unusable(CUT);
    const header = new TextDecoder().decode(new Uint8Array(buffer, 8, this.start - 8));
    const { __metadata__: metadata, ...arrays } = JSON.parse(header);
    Object.assign(this, { metadata, arrays });
  }

  /** An array by its name. @param {...number} shape that it must have @returns {Float32Array} */
  take(name, ...shape) {
    const { dtype, shape: actual, data_offsets: [from, to] } = this.arrays[name];
    const size = shape.reduce((x, y) => x * y);
    if (dtype !== "F16" || String(actual) !== String(shape) || to - from !== 2 * size) {
      throw new Error(`${name} is ${dtype} (${actual}), not F16 (${shape})`);
    }
    if (this.start + to > this.bytes.byteLength) throw new Unusable(CUT);
    const number = (_, j) => half(this.bytes.getUint16(this.start + from + 2 * j, true));
    return Float32Array.from({ length: size }, number);
  }

  /** The weights whose names begin with a prefix: `within("readout").take("bias", K)`. */
  within(place) {
    return {
      take: (name, ...shape) => this.take(`${place}.${name}`, ...shape),
      within: (inner) => this.within(`${place}.${inner}`),
    };
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
