// Plane is etcd, kube-apiserver and kube-controller-manager in one binary,
// chosen by the name it is called by. It serves mixtap's demo and tests where
// neither envtest's programs nor a cluster is at hand.
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	// Only the command that is asked for is created: each registers global flags.
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		if err := etcd(); err != nil {
			fmt.Fprintln(os.Stderr, "etcd:", err)
			os.Exit(1)
		}
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "called as %q: link it as etcd, kube-apiserver or kube-controller-manager\n", name)
		os.Exit(64)
	}
}

// etcd serves one member with the flags that etcd's own command has for it.
func etcd() error {
	c := embed.NewConfig()
	flag.StringVar(&c.Dir, "data-dir", "", "folder of the member's data")
	flag.BoolVar(&c.UnsafeNoFsync, "unsafe-no-fsync", false, "never fsync: data that need not survive a crash")
	flag.UintVar(&c.TickMs, "heartbeat-interval", c.TickMs, "milliseconds")
	flag.UintVar(&c.ElectionMs, "election-timeout", c.ElectionMs, "milliseconds")
	client := flag.String("listen-client-urls", "", "one loopback URL for clients")
	peer := flag.String("listen-peer-urls", "", "one loopback URL for peers")
	flag.String("advertise-client-urls", "", "taken as etcd's own command asks for it; listen-client-urls is advertised")
	flag.Parse()
	clientURL, err := url.Parse(*client)
	if err != nil {
		return err
	}
	peerURL, err := url.Parse(*peer)
	if err != nil {
		return err
	}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.LogLevel = "warn"
	e, err := embed.StartEtcd(c)
	if err != nil {
		return err
	}
	defer e.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
		return nil
	case err := <-e.Err():
		return err
	}
}
