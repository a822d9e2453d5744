/* global React, ReactDOM, GraphiQL */
import { planPlugin, takeView } from './plan.js';

/** Asks for the plan with every operation and hands it to its panel. The editor's own question for the schema has none. */
function withPlan(fetcher) {
  return async (parameters, options) => {
    if (parameters.operationName === 'IntrospectionQuery') return fetcher(parameters, options);
    const headers = { ...options?.headers, 'c360-debug': 'plan' };
    const answer = await fetcher(parameters, { ...options, headers });
    return Symbol.asyncIterator in answer ? eachTaken(answer) : takeView(answer);
  };
}

async function* eachTaken(answers) {
  for await (const answer of answers) yield takeView(answer);
}

/** Where subscriptions go: the server that the page is from. */
function socketUrl() {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`;
}

async function startPlayground() {
  const response = await fetch('/playground/stories.json');
  const stories = await response.json();
  const tabs = stories.map(({ query }) => ({ query }));
  const root = ReactDOM.createRoot(document.getElementById('playground'));
  root.render(
    React.createElement(GraphiQL, {
      fetcher: withPlan(GraphiQL.createFetcher({ url: '/graphql', subscriptionUrl: socketUrl() })),
      plugins: [planPlugin],
      defaultEditorToolsVisibility: true,
      shouldPersistHeaders: false,
      ...(tabs.length > 0 && { defaultTabs: tabs }),
    }),
  );
}

startPlayground();
