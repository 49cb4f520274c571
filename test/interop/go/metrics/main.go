// Reads metrics, rules and queries with Prometheus's own parsers, and prints as one line of JSON what it found.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sort"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/parser"
)

var queries = parser.NewParser(parser.Options{})

func main() {
	found, err := run(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

func run(what string) (any, error) {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, err
	}
	switch what {
	case "text":
		return readText(input)
	case "scrape", "openmetrics":
		return scrape(input, what)
	case "rules":
		return readRules(input)
	case "queries":
		return readQueries(input)
	}
	return nil, fmt.Errorf("unknown: %s", what)
}

type families struct {
	Families int `json:"families"`
	Samples  int `json:"samples"`
}

// As every tool does that uses Prometheus's library, such as its push gateway.
func readText(input []byte) (any, error) {
	decoder := expfmt.NewDecoder(bytes.NewReader(input), expfmt.NewFormat(expfmt.TypeTextPlain))
	found := families{}
	for {
		family := &dto.MetricFamily{}
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if _, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.Now()}, family); err != nil {
			return nil, err
		}
		found.Families++
		found.Samples += len(family.GetMetric())
	}
}

type series struct {
	Samples    int                 `json:"samples"`
	Duplicates []string            `json:"duplicates"`
	Labels     map[string][]string `json:"labels"`
}

// As the server does when it scrapes.
func scrape(input []byte, what string) (any, error) {
	contentType := "text/plain; version=0.0.4"
	if what == "openmetrics" {
		contentType = "application/openmetrics-text; version=1.0.0"
	}
	p, err := textparse.New(input, contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return nil, err
	}
	found := series{Duplicates: []string{}, Labels: map[string][]string{}}
	known := map[string]bool{}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var set labels.Labels
		p.Labels(&set)
		if !set.IsValid(model.UTF8Validation) {
			return nil, fmt.Errorf("invalid labels: %s", set)
		}
		if known[set.String()] {
			found.Duplicates = append(found.Duplicates, set.String())
		}
		known[set.String()] = true
		found.Samples++
		names := []string{}
		set.Range(func(label labels.Label) {
			if label.Name != labels.MetricName {
				names = append(names, label.Name)
			}
		})
		found.Labels[set.Get(labels.MetricName)] = names
	}
}

func readRules(input []byte) (any, error) {
	groups, errs := rulefmt.Parse(input, false, model.UTF8Validation, queries, slog.Default())
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	found := []string{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			found = append(found, rule.Alert)
		}
	}
	return found, nil
}

// Names of metrics by query.
func readQueries(input []byte) (any, error) {
	var asked []string
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for _, query := range asked {
		expression, err := queries.ParseExpr(query)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", query, err)
		}
		names := []string{}
		parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
			if selector, ok := node.(*parser.VectorSelector); ok {
				names = append(names, selector.Name)
			}
			return nil
		})
		sort.Strings(names)
		found[query] = names
	}
	return found, nil
}
