package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	kscheme "k8s.io/client-go/kubernetes/scheme"
	cliflag "k8s.io/component-base/cli/flag"
	apireg "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	config "github.com/cert-manager/cert-manager/internal/apis/config/cainjector"
	"github.com/cert-manager/cert-manager/internal/apis/config/cainjector/scheme"
	configapi "github.com/cert-manager/cert-manager/pkg/apis/config/cainjector/v1alpha1"
	cainjectorfile "github.com/cert-manager/cert-manager/pkg/cainjector/configfile"
	cmscheme "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/scheme"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"
)

const (
	injectorLease     = "cert-manager-cainjector-leader-election"
	certificatesKind  = "certificates.cert-manager.io"
	waitForKind       = 5 * time.Minute
	injectorManagedBy = "cert-manager-cainjector"
)

func runInjector(ctx context.Context, arguments []string) error {
	c, err := injectorConfig(arguments)
	if err != nil {
		return err
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(c.FeatureGates); err != nil {
		return err
	}
	if err := logf.ValidateAndApply(&c.Logging); err != nil {
		return err
	}
	mgr, err := injectorManager(c)
	if err != nil {
		return err
	}
	if c.EnableDataSourceConfig.Certificates {
		if err := waitForCertificates(ctx, mgr); err != nil {
			return err
		}
	}
	inject := c.EnableInjectableConfig
	setup := cainjector.SetupOptions{
		Namespace:                    c.Namespace,
		IgnoreNamespaces:             c.IgnoreNamespaces,
		EnableCertificatesDataSource: c.EnableDataSourceConfig.Certificates,
		EnabledReconcilersFor: map[string]bool{
			cainjector.MutatingWebhookConfigurationName:   inject.MutatingWebhookConfigurations,
			cainjector.ValidatingWebhookConfigurationName: inject.ValidatingWebhookConfigurations,
			cainjector.APIServiceName:                     inject.APIServices,
			cainjector.CustomResourceDefinitionName:       inject.CustomResourceDefinitions,
		},
	}
	if err := cainjector.RegisterAllInjectors(ctx, mgr, setup); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func injectorConfig(arguments []string) (*config.CAInjectorConfiguration, error) {
	defaults, _, err := scheme.NewSchemeAndCodecs()
	if err != nil {
		return nil, err
	}
	versioned, c := &configapi.CAInjectorConfiguration{}, &config.CAInjectorConfiguration{}
	defaults.Default(versioned)
	if err := defaults.Convert(versioned, c, nil); err != nil {
		return nil, err
	}
	add := func(flags *pflag.FlagSet) {
		flags.StringVar(&c.Namespace, "namespace", c.Namespace, "the only namespace that counts")
		flags.StringSliceVar(&c.IgnoreNamespaces, "ignore-namespaces", c.IgnoreNamespaces, "namespaces whose secrets do not count")
		flags.StringVar(&c.MetricsListenAddress, "metrics-listen-address", c.MetricsListenAddress, "0: no metrics")
		flags.BoolVar(&c.EnableDataSourceConfig.Certificates, "enable-certificates-data-source", c.EnableDataSourceConfig.Certificates, "take authorities from Certificates too")
		flags.Var(cliflag.NewMapStringBool(&c.FeatureGates), "feature-gates", "name=true,…")
		leaderFlags(flags, &c.LeaderElectionConfig)
		logf.AddFlags(&c.Logging, flags)
	}
	return c, parse("cainjector", arguments, add, func(path string) error {
		file := cainjectorfile.New()
		if err := loadFile(path, file); err != nil {
			return err
		}
		file.Config.DeepCopyInto(c)
		return nil
	})
}

func injectorManager(c *config.CAInjectorConfiguration) (manager.Manager, error) {
	kinds := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		kscheme.AddToScheme, cmscheme.AddToScheme, apiext.AddToScheme, apireg.AddToScheme,
	} {
		utilruntime.Must(add(kinds))
	}
	var namespaces map[string]cache.Config
	if c.Namespace != "" {
		namespaces = map[string]cache.Config{c.Namespace: {}}
	}
	connection, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	leader := c.LeaderElectionConfig
	return ctrl.NewManager(util.RestConfigWithUserAgent(connection, "cainjector"), ctrl.Options{
		Scheme: kinds,
		Cache:  cache.Options{ReaderFailOnMissingInformer: true, DefaultNamespaces: namespaces},
		// Secrets are read one by one: a cache would hold all of the cluster.
		Client:                        client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		LeaderElection:                leader.Enabled,
		LeaderElectionNamespace:       leader.Namespace,
		LeaderElectionID:              injectorLease,
		LeaderElectionReleaseOnCancel: true,
		LeaderElectionLabels:          map[string]string{"app.kubernetes.io/managed-by": injectorManagedBy},
		LeaseDuration:                 &leader.LeaseDuration,
		RenewDeadline:                 &leader.RenewDeadline,
		RetryPeriod:                   &leader.RetryPeriod,
		Metrics:                       metricsserver.Options{BindAddress: c.MetricsListenAddress},
	})
}

// waitForCertificates waits until the API server knows the kind Certificate.
func waitForCertificates(ctx context.Context, mgr manager.Manager) error {
	direct, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, time.Second, waitForKind, true, func(ctx context.Context) (bool, error) {
		err := direct.Get(ctx, types.NamespacedName{Name: certificatesKind}, &apiext.CustomResourceDefinition{})
		return err == nil, client.IgnoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("the kind %s is not there: %w", certificatesKind, err)
	}
	return nil
}
