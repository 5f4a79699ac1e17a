# SOAP::Lite as a foreign client: calls and prints what it got as JSON.
use strict; use warnings; use utf8;
use SOAP::Lite;
use JSON::PP;
my ($orders, $quotes) = @ARGV;
my $ns = 'urn:example:erp:sales';
my %told;

sub order {
    my ($customer, $quantity) = @_;
    return (
        SOAP::Data->name(orderId => 'L1')->type(''), SOAP::Data->name(customer => $customer)->type(''),
        SOAP::Data->name(line => \SOAP::Data->value(
            SOAP::Data->name(sku => 'x &amp; &lt;y&gt;')->type(''), SOAP::Data->name(quantity => $quantity)->type(''),
            SOAP::Data->name(unitPrice => '12345678901234567.89')->type('')->attr({currency => 'EUR'}))),
    );
}

sub plain {
    my ($value) = @_;
    return ref $value ? {map { ($_ => "$value->{$_}") } keys %$value} : $value;
}

sub told {
    my ($answer) = @_;
    return {code => $answer->faultcode . '', text => $answer->faultstring . '', detail => plain($answer->valueof('//detail/*'))}
        if $answer->fault;
    return {map { ($_ => $answer->valueof("//$_") . '') } qw(salesOrderNumber status)};
}

my $lite = SOAP::Lite->proxy($orders)->default_ns($ns)->autotype(0)->envprefix('soapenv')->encprefix('soapenc');
$lite->serializer->readable(0);
$lite->serializer->encodingStyle('') if $lite->serializer->can('encodingStyle');
$lite->on_action(sub { 'urn:example:erp:sales:CreateSalesOrder' });
my $caller = SOAP::Header->name('Caller')->uri($ns)->prefix('erp')
    ->value(\SOAP::Header->name('system' => 'perl')->prefix('erp')->type(''));
for my $case (['orders', 'ALFKI', 2], ['BLOCKED', 'BLOCKED', 2], ['CRASH', 'CRASH', 2], ['invalid', 'ALFKI', 0]) {
    my ($name, $customer, $quantity) = @$case;
    $told{$name} = eval { told($lite->call('CreateSalesOrder', order($customer, $quantity), $caller)) } // "died: $@";
}
my $price = SOAP::Lite->proxy($quotes)->ns('urn:example:quotes', 'q')->autotype(0);
$price->on_action(sub { 'urn:example:quotes:Price' });
my $got = eval { $price->call('Price', SOAP::Data->name(item => \SOAP::Data->value(
    SOAP::Data->name(sku => 'x')->type(''), SOAP::Data->name(price => '19.99')->type(''), SOAP::Data->name(tag => 'one')->type(''))),
    SOAP::Data->name(quantity => 3)->type('')) };
$told{legacy} = $got ? ($got->fault ? told($got) : {total => $got->valueof('//total') . '', echo => plain(scalar $got->valueof('//echo'))}) : "died: $@";
print JSON::PP->new->ascii->canonical->encode(\%told), "\n";
