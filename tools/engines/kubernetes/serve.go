package main

import (
	"errors"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const etcdStartTimeout = 30 * time.Second

// serve runs until a signal ends the API server. The two speak over a socket in the data folder, so that etcd, which asks nobody who they are, listens on no
// port for clients. Nothing is flushed to the disk: the data is thrown away.
func serve(folder string, flags []string) error {
	socket, err := filepath.Abs(filepath.Join(folder, "etcd.sock"))
	if err != nil {
		return err
	}
	etcd, err := startEtcd(folder, socket)
	if err != nil {
		return err
	}
	defer etcd.Close()
	command := apiserver.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers", "unix://" + socket}, flags...))
	if code := cli.Run(command); code != 0 {
		return errors.New("kube-apiserver ended with a fault")
	}
	return nil
}

func startEtcd(folder, socket string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "etcd")
	config.Name = "test"
	config.LogLevel = "error"
	config.WarningUnaryRequestDuration = time.Minute
	config.UnsafeNoFsync = true
	client := url.URL{Scheme: "unix", Path: socket}
	// etcd wants addresses to tell its peers; it has none
	loopback := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{loopback}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{loopback}, []url.URL{loopback}
	config.InitialCluster = config.Name + "=" + loopback.String()
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(etcdStartTimeout):
		etcd.Close()
		return nil, errors.New("etcd did not start in time")
	}
}
