// Command echo is what tests of a node run: it answers over HTTP with the name of its pod, fetches
// a URL for whoever asks, and says what it is told.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

var version = "unknown"

func main() {
	if len(os.Args) > 1 {
		os.Exit(run(os.Args[1], os.Args[2:]))
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name, _ := os.Hostname()
		fmt.Fprintln(w, name)
	})
	fmt.Println("listening")
	if err := http.ListenAndServe(":8080", nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(verb string, words []string) int {
	switch verb {
	case "--version":
		fmt.Println("echo", version)
	case "say":
		fmt.Println(strings.Join(words, " "))
	case "read":
		content, err := os.ReadFile(words[0])
		if err != nil {
			fmt.Println(err)
			return 1
		}
		os.Stdout.Write(content)
	case "write":
		if err := os.WriteFile(words[0], []byte("written\n"), 0o600); err != nil {
			fmt.Println(err)
			return 1
		}
	case "get":
		client := http.Client{Timeout: 5 * time.Second}
		answer, err := client.Get(words[0])
		if err != nil {
			fmt.Println(err)
			return 1
		}
		defer answer.Body.Close()
		io.Copy(os.Stdout, answer.Body)
	default:
		fmt.Println("unknown:", verb)
		return 2
	}
	return 0
}
