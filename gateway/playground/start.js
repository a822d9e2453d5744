/* global React, ReactDOM, GraphiQL */

async function startPlayground() {
  const response = await fetch('/playground/stories.json');
  const stories = await response.json();
  const tabs = stories.map(({ query }) => ({ query }));
  const root = ReactDOM.createRoot(document.getElementById('playground'));
  root.render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
      defaultEditorToolsVisibility: true,
      shouldPersistHeaders: false,
      ...(tabs.length > 0 && { defaultTabs: tabs }),
    }),
  );
}

startPlayground();
