using Acme._1.Producer;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Acme._1.Tests;

/// <summary>The one host that sends and receives.</summary>
public sealed class ServiceHosts : IAsyncDisposable
{
    private readonly WebApplicationFactory<IOrderQueue> _app;

    public ServiceHosts(IReadOnlyDictionary<string, string?> settings)
    {
        // Any type of the host's assembly leads to its Program.
        _app = new WebApplicationFactory<IOrderQueue>().WithWebHostBuilder(host => host.UseSettings(settings));
        Producer = Consumer = _app.CreateClient();
    }

    public HttpClient Producer { get; }

    public HttpClient Consumer { get; }

    public IServiceProvider ConsumerServices => _app.Services;

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
