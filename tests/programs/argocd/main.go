// Argocd is what the tests need of Argo CD in one binary, chosen by the name
// it is called by: the application controller, the repository server with the
// program that gives Git its credentials, the command line, and a Redis.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	argocd "github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
)

func main() {
	var err error
	switch name := filepath.Base(os.Args[0]); name {
	case "argocd-application-controller":
		err = controller.NewCommand().Execute()
	case "argocd-repo-server":
		err = reposerver.NewCommand().Execute()
	case "argocd-git-ask-pass":
		err = askpass.NewCommand().Execute()
	case "argocd":
		err = argocd.NewCommand().Execute()
	case "redis":
		err = redis()
	default:
		err = fmt.Errorf("called as %q: link it as redis or one of Argo CD's programs", name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// redis serves an in-memory Redis until it is told to stop.
func redis() error {
	address := flag.String("addr", "127.0.0.1:6379", "address to listen on")
	flag.Parse()
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(*address); err != nil {
		return err
	}
	defer server.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	return nil
}
