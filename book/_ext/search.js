// What Sphinx's search does in this book; its template of `language_data.js` takes these lines in.
