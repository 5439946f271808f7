package main

import (
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/sets"
	cliflag "k8s.io/component-base/cli/flag"

	config "github.com/cert-manager/cert-manager/internal/apis/config/controller"
	"github.com/cert-manager/cert-manager/internal/apis/config/controller/scheme"
	defaults "github.com/cert-manager/cert-manager/internal/apis/config/controller/v1alpha1"
	"github.com/cert-manager/cert-manager/internal/apis/config/controller/validation"
	"github.com/cert-manager/cert-manager/internal/apis/config/shared"
	"github.com/cert-manager/cert-manager/internal/controller/feature"
	configapi "github.com/cert-manager/cert-manager/pkg/apis/config/controller/v1alpha1"
	shimgateways "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	controllerfile "github.com/cert-manager/cert-manager/pkg/controller/configfile"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"
)

// controllerConfig is what the arguments and the configuration file say, over the module's defaults.
func controllerConfig(arguments []string) (*config.ControllerConfiguration, error) {
	known, _, err := scheme.NewSchemeAndCodecs()
	if err != nil {
		return nil, err
	}
	versioned, c := &configapi.ControllerConfiguration{}, &config.ControllerConfiguration{}
	known.Default(versioned)
	if err := known.Convert(versioned, c, nil); err != nil {
		return nil, err
	}
	add := func(flags *pflag.FlagSet) { controllerFlags(flags, c) }
	err = parse("controller", arguments, add, func(path string) error {
		file := controllerfile.New()
		if err := loadFile(path, file); err != nil {
			return err
		}
		file.Config.DeepCopyInto(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(c.FeatureGates); err != nil {
		return nil, err
	}
	if err := validation.ValidateControllerConfiguration(c, nil).ToAggregate(); err != nil {
		return nil, err
	}
	return c, logf.ValidateAndApply(&c.Logging)
}

// controllerFlags are those that the chart can give; everything else is said in the file.
func controllerFlags(flags *pflag.FlagSet, c *config.ControllerConfiguration) {
	text := func(at *string, name, usage string) { flags.StringVar(at, name, *at, usage) }
	list := func(at *[]string, name, usage string) { flags.StringSliceVar(at, name, *at, usage) }
	truth := func(at *bool, name, usage string) { flags.BoolVar(at, name, *at, usage) }

	text(&c.KubeConfig, "kubeconfig", "file; in a cluster none is needed")
	text(&c.Namespace, "namespace", "the only namespace that counts")
	text(&c.ClusterResourceNamespace, "cluster-resource-namespace", "where secrets of ClusterIssuers are")
	list(&c.Controllers, "controllers", "names; *: all, -name: not this one")
	text(&c.ACMEHTTP01Config.SolverImage, "acme-http01-solver-image", "image of solvers")
	text(&c.ACMEHTTP01Config.SolverRuntimeClassName, "acme-http01-solver-runtime-class-name", "runtime class of solvers")
	flags.Var(cliflag.NewMapStringString(&c.ACMEHTTP01Config.SolverExtraLabels), "acme-http01-solver-extra-labels", "labels of solvers")
	text(&c.IngressShimConfig.DefaultIssuerName, "default-issuer-name", "issuer of an Ingress that names none")
	text(&c.IngressShimConfig.DefaultIssuerKind, "default-issuer-kind", "its kind")
	text(&c.IngressShimConfig.DefaultIssuerGroup, "default-issuer-group", "its group")
	list(&c.ACMEDNS01Config.RecursiveNameservers, "dns01-recursive-nameservers", "HOST:PORT of resolvers")
	truth(&c.ACMEDNS01Config.RecursiveNameserversOnly, "dns01-recursive-nameservers-only", "ask no other ones")
	truth(&c.EnableCertificateOwnerRef, "enable-certificate-owner-ref", "a Certificate's end is its Secret's")
	truth(&c.GatewayAPIConfig.Enabled, "enable-gateway-api", "certificates for Gateways")
	flags.IntVar(&c.MaxConcurrentChallenges, "max-concurrent-challenges", c.MaxConcurrentChallenges, "at a time")
	flags.IntVar(&c.NumberOfConcurrentWorkers, "concurrent-workers", c.NumberOfConcurrentWorkers, "of each controller")
	text(&c.MetricsListenAddress, "metrics-listen-address", "HOST:PORT of metrics")
	flags.Var(cliflag.NewMapStringBool(&c.FeatureGates), "feature-gates", "name=true,…")
	leaderFlags(flags, &c.LeaderElectionConfig.LeaderElectionConfig)
	logf.AddFlags(&c.Logging, flags)
}

// leaderFlags are those of the parts of which one at a time works.
func leaderFlags(flags *pflag.FlagSet, c *shared.LeaderElectionConfig) {
	flags.BoolVar(&c.Enabled, "leader-elect", c.Enabled, "elect a leader")
	flags.StringVar(&c.Namespace, "leader-election-namespace", c.Namespace, "where its lease is")
	flags.DurationVar(&c.LeaseDuration, "leader-election-lease-duration", c.LeaseDuration, "how long it holds")
	flags.DurationVar(&c.RenewDeadline, "leader-election-renew-deadline", c.RenewDeadline, "when it gives up")
	flags.DurationVar(&c.RetryPeriod, "leader-election-retry-period", c.RetryPeriod, "between two attempts")
}

// enabledControllers are the names of those that run.
func enabledControllers(c *config.ControllerConfiguration) sets.Set[string] {
	enabled, disabled := sets.New[string](), sets.New[string]()
	for _, each := range c.Controllers {
		name, off := strings.CutPrefix(each, "-")
		switch {
		case off:
			disabled.Insert(name)
		case name == "*":
			enabled.Insert(defaults.DefaultEnabledControllers...)
		default:
			enabled.Insert(name)
		}
	}
	// Only names of those that are off: all the others run.
	if enabled.Len() == 0 && disabled.Len() > 0 {
		enabled.Insert(defaults.DefaultEnabledControllers...)
	}
	gates := utilfeature.DefaultFeatureGate
	if gates.Enabled(feature.ExperimentalCertificateSigningRequestControllers) {
		enabled.Insert(defaults.ExperimentalCertificateSigningRequestControllers...)
	}
	if c.GatewayAPIConfig.Enabled && gates.Enabled(feature.ExperimentalGatewayAPISupport) {
		enabled.Insert(shimgateways.ControllerName)
	}
	if c.Namespace != "" {
		enabled.Delete(defaults.ClusterScopedControllers...)
	}
	return enabled.Difference(disabled)
}
