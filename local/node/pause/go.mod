module github.com/llm-platform/llm-platform/local/node/pause

go 1.21
