// The results of Sphinx's search, as this book shows them: each page once, best page first, with the
// passage that has the words and a link to its section. Sphinx keeps the index and finds the pages;
// it copies these lines into language_data.js, which only the page of the search loads.
{
  const LENGTH = 240; // characters of a passage
  const PASSAGES = "p, li:not(:has(p)), tr, pre";
  const NOT_READ = ".page-runtime, .paper-link, .ask, .cell_output, svg, details pre, .toggle pre";
  const NO_TEXT = ".headerlink, .copybtn, annotation, svg";

  stopwords.push("an", "can", "do", "does", "how", "what", "when", "where", "which", "why");

  const make = (tag, text = "", properties = {}) =>
    Object.assign(document.createElement(tag), { textContent: text, ...properties });

  /** The stems of the words of a text, without the commonest, as the index holds them. */
  const stems = (text) => {
    const stemmer = new Stemmer();
    const words = splitQuery(text.toLowerCase()).filter((word) => !stopwords.includes(word));
    return words.map((word) => stemmer.stemWord(word));
  };

  /** How many of these stems stand in a text. */
  const count = (text, words) => {
    const lower = text.toLowerCase();
    return words.filter((word) => lower.includes(word)).length;
  };

  // ---- which pages -------------------------------------------------------------------------------

  /** What Sphinx finds, and the terms of the index that differ only in the endings of their words. */
  const found = (query) => {
    const [, terms, excluded, highlighted] = Search._parseQuery(query);
    const { indexentries, docnames, titles } = Search._index;
    const wanted = stems(query).join(" ");
    const places = Object.entries(indexentries)
      .filter(([entry]) => stems(entry).join(" ") === wanted)
      .flatMap(([, places]) => places);
    const named = places.map(([page, id]) => [
      docnames[page], titles[page], id && `#${id}`, null, 100,
    ]);
    const objects = new Set(); // none: terms are entries of the index as well
    return named.concat(Search._performSearch(query, terms, excluded, highlighted, objects));
  };

  /** Where a page stands in the contents, which are beside the search. */
  const readingOrder = () => {
    const links = [...document.querySelectorAll(".bd-links a.internal")];
    const order = new Map(links.map((link, place) => [link.getAttribute("href"), place]));
    return (page) => order.get(`${page}.html`) ?? links.length;
  };

  /** The best result of each page; words in its name count, and ties stand in the order of reading. */
  const ranked = (results, words) => {
    const { docnames, titles } = Search._index;
    const best = new Map();
    for (const [page, , anchor, , score] of results) {
      const title = titles[docnames.indexOf(page)];
      const total = score + (10 * count(`${title} ${page}`, words)) / (words.length || 1);
      if (!(best.get(page)?.score >= total)) best.set(page, { page, title, anchor, score: total });
    }
    const place = readingOrder();
    return [...best.values()].sort((a, b) => b.score - a.score || place(a.page) - place(b.page));
  };

  // ---- what is shown of a page -------------------------------------------------------------------

  /** The text of an element as one would say it: no drawings, formulas only where they are short. */
  const readable = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(NO_TEXT).forEach((part) => part.remove());
    copy.querySelectorAll("msub > :last-child").forEach((index) => index.prepend("_"));
    copy.querySelectorAll("msup > :last-child").forEach((power) => power.prepend("^"));
    copy.querySelectorAll("math, .math").forEach((formula) => {
      if (formula.textContent.trim().length > 8) formula.textContent = "…";
    });
    copy.querySelectorAll("td, th").forEach((cell) => cell.append(" "));
    return copy.textContent.replace(/\s+/g, " ").trim();
  };

  /** What stands over an element: the term that it defines, or the heading of its section. */
  const headingOf = (element) => {
    const defined = element.closest("dd")?.previousElementSibling;
    const section = element.closest("section");
    const heading = defined ?? section?.querySelector(":scope > :is(h2, h3, h4)");
    return heading && { text: readable(heading), id: defined?.id ?? section.id };
  };

  /** The passage of a page that has most of the words; prose before code. */
  const passage = (article, anchor, words, query) => {
    const marked = anchor ? article.querySelector(`#${CSS.escape(anchor.slice(1))}`) : null;
    const scope = (marked?.matches("dt") ? marked.nextElementSibling : marked) || article;
    let best = { score: -1 };
    for (const element of scope.querySelectorAll(PASSAGES)) {
      if (element.closest(NOT_READ)) continue;
      const text = readable(element);
      const here = count(text, words);
      if (!here && !marked) continue;
      const heading = headingOf(element);
      const score =
        4 * here +
        2 * text.toLowerCase().includes(query) +
        count(heading?.text ?? "", words) +
        2 * !element.matches("pre, tr");
      if (score > best.score) best = { score, element, text, heading };
    }
    return best;
  };

  /** The part of a text around the first of the words, from the beginning of a sentence if it can be. */
  const around = (text, words) => {
    const lower = text.toLowerCase();
    const hits = words.map((word) => lower.indexOf(word)).filter((hit) => hit >= 0);
    const first = hits.length ? Math.min(...hits) : 0;
    if (text.length <= LENGTH) return text;
    const sentence = Math.max(...[". ", "? ", ": "].map((end) => text.lastIndexOf(end, first) + 2));
    const near = first - sentence < LENGTH / 2 ? sentence : text.lastIndexOf(" ", first - 60) + 1;
    const start = first <= LENGTH / 2 ? 0 : near;
    const end = text.length <= start + LENGTH ? text.length : text.lastIndexOf(" ", start + LENGTH);
    return `${start ? "… " : ""}${text.slice(start, end)}${end < text.length ? " …" : ""}`;
  };

  /** The first line of code that has one of the words; the very first where none has. */
  const lineWith = (code, words) => {
    const lines = code.trim().split("\n");
    return (lines.find((line) => count(line, words)) ?? lines[0]).trim();
  };

  /** The words of a text that begin with one of these stems; the longest first. */
  const formsOf = (text, words) => {
    const forms = splitQuery(text.toLowerCase());
    const wanted = forms.filter((form) => words.some((word) => form.startsWith(word)));
    return [...new Set(wanted)].sort((a, b) => b.length - a.length);
  };

  /** Read a page of the site and add its passage to its result. */
  const addPassage = async (item, result, words, query) => {
    const address = item.firstChild.href;
    const html = await fetch(address).then((reply) => reply.ok && reply.text()).catch(() => "");
    if (!html) return; // the link to the page stands without a passage
    const body = html.replace(/<(style|script)\b[^]*?<\/\1\s*>/gi, ""); // the policy allows none here
    const article = new DOMParser().parseFromString(body, "text/html").querySelector("article");
    const { element, text, heading } = passage(article, result.anchor, words, query);
    if (!element) return;
    if (heading) {
      const link = make("a", heading.text, { href: `${address}#${heading.id}` });
      item.append(make("div", "", { className: "context" }));
      item.lastChild.append(link);
    }
    const shown = element.matches("pre")
      ? lineWith(element.textContent, words)
      : around(text, words);
    item.append(make("p", shown, { className: "context" }));
    const forms = formsOf(shown, words);
    forms.forEach((form) => _highlightText(item.lastChild, form, "highlighted"));
  };

  // ---- the list ----------------------------------------------------------------------------------

  /** Say how many there are, and in which words of the query they were found. */
  const summary = (results, query, all) => {
    const pages = results.length === 1 ? "One page" : `${results.length} pages`;
    if (!results.length) return `Nothing found for “${query}”.`;
    return all ? `${pages} with “${query}”.` : `No page has all of “${query}”. ${pages} with a part of it.`;
  };

  const advise = () => {
    const advice = make("p", "Try fewer or more general words, or look in the ");
    advice.append(make("a", "glossary", { href: "book/glossary.html" }), " or the ");
    advice.append(make("a", "index", { href: "genindex.html" }), ".");
    Search.output.before(advice);
  };

  Search.query = async (query) => {
    const words = [...Search._parseQuery(query)[1]];
    let results = ranked(found(query), words);
    const all = results.length > 0;
    if (!all && words.length > 1) results = ranked(splitQuery(query).flatMap(found), words);
    // Sphinx keeps the words, and would mark them on the next page, whichever that is.
    localStorage.removeItem("sphinx_highlight_terms");
    Search.stopPulse();
    Search.title.textContent = "Results";
    Search.status.setAttribute("role", "status");
    Search.status.textContent = summary(results, query.trim(), all);
    if (!results.length) advise();
    Search.output.setAttribute("aria-busy", "true");
    const items = results.map((result) => {
      const item = make("li");
      item.append(make("a", result.title, { href: `${result.page}.html${result.anchor ?? ""}` }));
      return Search.output.appendChild(item);
    });
    for (const [place, item] of items.entries()) {
      await addPassage(item, results[place], words, query.toLowerCase().trim());
    }
    Search.output.setAttribute("aria-busy", "false");
  };
}
