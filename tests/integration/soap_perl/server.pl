# SOAP::Lite as a foreign server of both contracts, by the namespace of the request.
use strict; use warnings; use utf8;
use SOAP::Transport::HTTP;

package Orders;
use base 'SOAP::Server::Parameters';
sub CreateSalesOrder {
    my $som = pop;
    my $order = $som->valueof('//CreateSalesOrder');
    my $system = $som->valueof('//Header/Caller/system') // '-';
    die SOAP::Fault->faultcode('Client')->faultstring('the customer is blocked')->faultdetail(
        SOAP::Data->name(BusinessFault => \SOAP::Data->value(
            SOAP::Data->name(code => 'E42')->type('')->prefix('f'), SOAP::Data->name(message => "blocked: $system")->type('')->prefix('f')))
            ->prefix('f')->attr({'xmlns:f' => 'urn:example:erp:sales'})) if $order->{customer} eq 'BLOCKED';
    die "broken\n" if $order->{customer} eq 'CRASH';
    my $escaped = sub { my $text = shift; $text =~ s/&/&amp;/g; $text =~ s/</&lt;/g; return $text };
    my @lines = map { "$_->{sku}*$_->{quantity}\@$_->{unitPrice}" } $som->valueof('//CreateSalesOrder/line');
    return (
        SOAP::Data->name(salesOrderNumber => $escaped->(join('|', $order->{orderId}, $system, @lines)))->type('')->uri('urn:example:erp:sales'),
        SOAP::Data->name(status => 'CREATED')->type('')->uri('urn:example:erp:sales'),
    );
}

package Quotes;
use base 'SOAP::Server::Parameters';
sub Price {
    my $som = pop;
    my $item = $som->valueof('//Price/item');
    return (
        SOAP::Data->name(total => sprintf('%.2f', $item->{price} * $som->valueof('//Price/quantity')))->type(''),
        SOAP::Data->type('xml' => "<echo><sku>$item->{sku}</sku><price>$item->{price}</price></echo>"),
    );
}
sub Ping { return SOAP::Data->name(alive => 'true')->type('') }

package main;
my $daemon = SOAP::Transport::HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], ReuseAddr => 1)
    ->dispatch_with({'urn:example:erp:sales' => 'Orders', 'urn:example:quotes' => 'Quotes'})->on_action(sub {});
$daemon->serializer->autotype(0);
$| = 1;
print "ready\n";
$daemon->handle;
