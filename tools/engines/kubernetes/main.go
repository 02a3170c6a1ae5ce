// Command kubernetes is what manifests are tried on: `serve` is etcd and kube-apiserver in one process, `render` is Kustomize.
//
//	kubernetes serve <folder of etcd's data> <flags of kube-apiserver>
//	kubernetes render <folder of a kustomization>
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "render":
		return render(args[1])
	case len(args) >= 2 && args[0] == "serve":
		return serve(args[1], args[2:])
	default:
		return errors.New("usage: kubernetes serve FOLDER [flags of kube-apiserver] | kubernetes render FOLDER")
	}
}
