// An everyday word for each phoneme: the key of the chapter on spelling and sound.

export const WORDS = {
  AA: "palm", AE: "cat", AH: "cup", AO: "law", AW: "house", AY: "time", B: "bread", CH: "chair",
  D: "door", DH: "this", EH: "bed", ER: "bird", EY: "day", F: "fish", G: "garden", HH: "hand",
  IH: "milk", IY: "green", JH: "jam", K: "king", L: "leaf", M: "moon", N: "night", NG: "song",
  OW: "boat", OY: "boy", P: "paper", R: "rain", S: "sun", SH: "shoe", T: "table", TH: "three",
  UH: "book", UW: "blue", V: "river", W: "water", Y: "young", Z: "zoo", ZH: "measure",
};
