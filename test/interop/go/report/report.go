// Package report prints one JSON line per step, for test/interop/interop.test.ts.
package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Result is what a step found.
type Result = map[string]any

// Argument n of the command line: 1 is the broker, 2 what names of this run begin with.
func Argument(n int) string { return os.Args[n] }

// Name of a topic, group or queue of this run.
func Name(name string) string { return Argument(2) + "-" + name }

// Large is a value of 900 KiB.
var Large = bytes.Repeat([]byte("large record "), 70_893)[:921_600]

// Step runs one step and prints its result or error; later steps run in any case.
func Step(name string, run func() (Result, error)) {
	result, err := run()
	line := Result{"step": name, "result": result}
	if err != nil {
		line = Result{"step": name, "error": err.Error()}
	}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// Until polls condition for 20 seconds.
func Until(what string, condition func() bool) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if condition() {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("gave up waiting: " + what)
}

// Eventually is what look finds once it is isDone; Kafka knows a change a moment after it said so.
func Eventually(look func() (Result, error), isDone func(Result) bool) (Result, error) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		found, err := look()
		if err != nil || isDone(found) || time.Now().After(end) {
			return found, err
		}
	}
}

// Record is one record as the checks need it.
type Record struct{ Key, Value string }

// CheckBatches wants twelve values per codec, their numbers rising within a codec and key.
func CheckBatches(codecs []string, seen []Record) Result {
	values, last, inOrder := map[string]bool{}, map[string]int{}, true
	for _, record := range seen {
		codec, number, _ := strings.Cut(record.Value, "-")
		n, slot := 0, codec+" "+record.Key
		fmt.Sscan(number, &n)
		if before, found := last[slot]; found && n <= before {
			inOrder = false
		}
		last[slot] = n
		values[record.Value] = true
	}
	missing := 0
	for _, codec := range codecs {
		for n := range 12 {
			if !values[fmt.Sprintf("%s-%d", codec, n)] {
				missing++
			}
		}
	}
	return Result{"missing": missing, "again": len(seen) - len(values), "keysInOrder": inOrder}
}

// Must ends the program: without what comes back nothing can be tried.
func Must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}
