module github.com/llm-platform/llm-platform/tests/live/echo

go 1.21
