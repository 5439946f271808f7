// Cert-manager runs the parts of cert-manager, each as the chart starts it: the first argument
// says which. The parts themselves are the module's packages; only what starts them is here,
// because its commands are modules of their own that no proxy serves.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/internal/cmd/util"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	cmutil "github.com/cert-manager/cert-manager/pkg/util"
)

var parts = map[string]func(ctx context.Context, arguments []string) error{
	"controller":      runController,
	"webhook":         runWebhook,
	"cainjector":      runInjector,
	"startupapicheck": runCheck,
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, cmutil.VersionInfo().GitVersion)
		fmt.Fprintln(os.Stderr, "first argument: controller, webhook, cainjector or startupapicheck")
		os.Exit(2)
	}
	part := os.Args[1]
	ctx, exit := util.SetupExitHandler(context.Background(), util.GracefulShutdown)
	defer exit() // Ends the process, so it has to be the last one.

	logf.InitLogs()
	defer logf.FlushLogs()
	ctrl.SetLogger(logf.Log)
	log := logf.Log.WithName(part)
	log.Info("starting", "version", cmutil.VersionInfo().GitVersion)

	if err := parts[part](logf.NewContext(ctx, logf.Log, part), os.Args[2:]); err != nil {
		log.Error(err, "ended with an error")
		util.SetExitCode(err)
	}
}

// parse reads flags over what a configuration file says: the file comes first, whatever the order
// of the arguments. The function load is called when there is one.
func parse(name string, arguments []string, add func(*pflag.FlagSet), load func(string) error) error {
	var file string
	for _, last := range []bool{false, true} {
		flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
		flags.StringVar(&file, "config", file, "file with the configuration of this part")
		add(flags)
		if err := flags.Parse(arguments); err != nil {
			return err
		}
		if last || file == "" {
			return nil
		}
		if err := load(file); err != nil {
			return fmt.Errorf("configuration file %s: %w", file, err)
		}
	}
	return nil
}
