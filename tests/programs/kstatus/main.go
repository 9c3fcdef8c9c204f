// Says what kstatus makes of Kubernetes objects, read from YAML files: a line for each, of the
// file's name, the status and the message, with tabs between them. kubectl-apply tools have kstatus
// from SIG CLI, Flux and Helm from a copy of Flux's: both are asked, and must agree.
package main

import (
	"fmt"
	"os"

	flux "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	sig "sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := say(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
}

func say(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	// By way of JSON, whose numbers are integers here as they are for a client.
	json, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(json); err != nil {
		return err
	}
	one, err := sig.Compute(&object)
	if err != nil {
		return err
	}
	other, err := flux.Compute(&object)
	if err != nil {
		return err
	}
	if string(one.Status) != string(other.Status) || one.Message != other.Message {
		return fmt.Errorf("SIG CLI's says %s: %s, Flux's %s: %s",
			one.Status, one.Message, other.Status, other.Message)
	}
	fmt.Printf("%s\t%s\t%s\n", file, one.Status, one.Message)
	return nil
}
