// Reads dashboards as strictly as Grafana's own types are: a field that is unknown, missing or of the wrong kind is
// an error, also in the options of panels and in Prometheus queries. Prints each, and exits with 1 if there is one.
//
//	dashboardcheck FILE...
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var board dashboard.Dashboard
	if err := board.UnmarshalJSONStrict(text); err != nil && err.Error() != "" { // a list, empty when all is well
		return err
	}
	return board.Validate()
}

func main() {
	plugins.RegisterDefaultPlugins()
	failed := false
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Printf("%s:\n%v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
