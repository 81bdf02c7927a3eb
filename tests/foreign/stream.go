// A client in Go: a body from a pipe has no length, so net/http sends it in chunks.
//
// Usage: go run stream.go URL KEY. Prints one line for each call: the HTTP status and the body of the response.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	url, key := os.Args[1], os.Args[2]
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{}}
	slide := "<NAME>n</NAME><SUBJECT>Free</SUBJECT><SLIDE><TEXT>Grüße 🎉</TEXT></SLIDE>"
	for _, inside := range []string{
		"<ACTION>sendMMS</ACTION><TO>15551234888</TO><FROM>60856</FROM>" + slide,
		"<ACTION>saveMMS</ACTION>" + slide,
		"<ACTION>getMmsIds</ACTION>",
	} {
		reader, writer := io.Pipe()
		go func() {
			for _, piece := range strings.SplitAfter("<REQUEST><API_KEY>"+key+"</API_KEY>"+inside+"</REQUEST>", ">") {
				_, _ = io.WriteString(writer, piece)
			}
			_ = writer.Close()
		}()
		response, err := client.Post(url, "text/xml; charset=UTF-8", reader)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(response.StatusCode, strings.ReplaceAll(string(body), "\n", ""))
	}
}
