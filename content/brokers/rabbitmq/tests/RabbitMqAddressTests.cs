using Acme._1.Messaging.RabbitMq;

namespace Acme._1.Tests;

public sealed class RabbitMqAddressTests
{
    [Theory]
    [InlineData("amqp://localhost", "amqp://localhost/")]
    [InlineData("amqp://guest:guest@localhost:5672/", "amqp://guest:guest@localhost:5672/")]
    [InlineData("amqps://u:p,w@a:5671,b:5671/v", "amqps://u:p,w@a:5671/v amqps://u:p,w@b:5671/v")]
    [InlineData("amqp://a,b,[::1]:5673", "amqp://a/ amqp://b/ amqp://[::1]:5673/")]
    public void An_address_names_one_node_or_several(string address, string nodes) =>
        string.Join(' ', RabbitMqAddress.Parse(address).Nodes).ShouldBe(nodes);

    [Fact]
    public void A_certificate_must_be_for_the_name_of_its_node()
    {
        var endpoints = RabbitMqAddress.Parse("amqps://a,b/v").Endpoints.ToArray();

        endpoints.ShouldAllBe(endpoint => endpoint.Ssl.Enabled && endpoint.Ssl.ServerName == endpoint.HostName && endpoint.Port == 5671);
    }
}
