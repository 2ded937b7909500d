// Hits stand in reading order, the glossary first: the first page is the earliest that has the word.
var Scorer = {
  score: ([page, , place]) => (page === "glossary" ? (place ? 201 : 200) : page.startsWith("notebooks/") ? 100 - parseInt(page.slice(10), 10) : 0),
  objNameMatch: 11, objPartialMatch: 6, objPrio: { 0: 15, 1: 5, 2: -5 }, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
