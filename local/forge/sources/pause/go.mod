module github.com/llm-platform/pause

go 1.21
