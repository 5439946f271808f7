package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/logs"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util/cmapichecker"
)

// runCheck asks the API server, as a dry run, for a Certificate: it answers when the kinds are
// there and the webhook is reached.
func runCheck(ctx context.Context, arguments []string) error {
	var patience, interval time.Duration
	logging := logs.NewOptions()
	flags := pflag.NewFlagSet("startupapicheck", pflag.ContinueOnError)
	flags.DurationVar(&patience, "wait", 0, "how long to try; 0: once")
	flags.DurationVar(&interval, "interval", 5*time.Second, "time between two attempts")
	overrides := &clientcmd.ConfigOverrides{}
	flags.StringVarP(&overrides.Context.Namespace, "namespace", "n", "", "namespace of the Certificate")
	logf.AddFlagsNonDeprecated(logging, flags)
	flags.Lookup("v").NoOptDefVal = "2" // The chart gives it without a value.
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if words := flags.Args(); len(words) != 2 || words[0] != "check" || words[1] != "api" {
		return errors.New("it knows one command: check api")
	}
	if err := logf.ValidateAndApply(logging); err != nil {
		return err
	}
	// Without a file it is what a pod is given.
	found := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), overrides)
	config, err := found.ClientConfig()
	if err != nil {
		return err
	}
	namespace, _, err := found.Namespace()
	if err != nil {
		return err
	}
	checker, err := cmapichecker.New(config, namespace)
	if err != nil {
		return err
	}
	until := time.Now().Add(patience)
	for {
		err := checker.Check(ctx)
		if err == nil {
			fmt.Println("The cert-manager API is ready")
			return nil
		}
		if simple := cmapichecker.TranslateToSimpleError(err); simple != nil {
			err = simple
		}
		if time.Now().After(until) {
			return err
		}
		logf.FromContext(ctx).V(logf.DebugLevel).Info("not ready", "error", err.Error())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(interval):
		}
	}
}
