import { type Country, nicknames, towns, words } from './country.ts';

/** People of Spain, most with two family names. */
export const SPAIN: Country = {
  code: 'ES',
  name: 'Spain',
  ownName: 'España',
  femaleNames:
    words(`María Carmen, María, Carmen, Ana María, Josefa, Isabel, Laura, Cristina, Marta, Dolores, Lucía, Pilar, Elena,
    Paula, Raquel, Francisca, Rosa María, Sara, Teresa, Concepción, Beatriz, Nuria, Silvia, Irene, Patricia, Montserrat,
    Alba, Rocío, Andrea, Sofía, Inés, Begoña, Mercedes, Ángela, Verónica, Martina, Leire`),
  maleNames:
    words(`Antonio, José, Manuel, Francisco, David, Juan, Javier, Daniel, José Antonio, Francisco Javier, Jesús, Carlos,
    Alejandro, Miguel, José Luis, Rafael, Pedro, Pablo, Ángel, Sergio, Fernando, Jorge, Alberto, Álvaro, Diego, Adrián, Raúl,
    Enrique, Ramón, Vicente, Iván, Rubén, Óscar, Andrés, Joaquín, Ignacio, Jordi, Iker, Hugo, Martín`),
  familyNames:
    words(`García, Rodríguez, González, Fernández, López, Martínez, Sánchez, Pérez, Gómez, Martín, Jiménez, Ruiz,
    Hernández, Díaz, Moreno, Álvarez, Muñoz, Romero, Alonso, Gutiérrez, Navarro, Torres, Domínguez, Vázquez, Ramos, Gil,
    Ramírez, Serrano, Blanco, Molina, Morales, Suárez, Ortega, Delgado, Castro, Ortiz, Rubio, Marín, Sanz, Núñez, Iglesias,
    Medina, Garrido, Cortés, Castillo, Santos, Lozano, Guerrero, Cano, Prieto, Méndez, Cruz, Calvo, Gallego, Vidal, León,
    Márquez, Herrera, Peña, Flores, Cabrera, Campos, Vega, Fuentes, Carrasco, Diez, Caballero, Nieto, Ibáñez, de la Fuente`),
  nicknames:
    nicknames(`Francisco Paco, José Pepe, Dolores Lola, Concepción Concha, Manuel Manolo, Antonio Toni, Ignacio Nacho,
    Alejandro Álex, Rafael Rafa, Josefa Pepa, Francisca Paqui, Mercedes Merche, Montserrat Montse, Isabel Isa, Cristina Cris,
    Beatriz Bea, Daniel Dani, Javier Javi, Enrique Quique, Joaquín Quino, Fernando Nando, Teresa Tere, Jesús Chus`),
  towns: towns(`
    Madrid|Madrid|280%%
    Barcelona|Barcelona|080%%
    Valencia|Valencia|460%%
    Sevilla|Sevilla|410%%
    Zaragoza|Zaragoza|500%%
    Málaga|Málaga|290%%
    Bilbao|Bizkaia|480%%
    Murcia|Murcia|300%%
    Valladolid|Valladolid|470%%
    A Coruña|A Coruña|150%%
    Granada|Granada|180%%`),
  streets: words(`Calle Mayor, Calle Real, Avenida de la Constitución, Calle del Sol, Plaza de España, Calle San Juan,
    Paseo de la Alameda, Calle Nueva, Calle de la Iglesia, Avenida de Andalucía, Calle Cervantes, Calle Goya, Ronda Norte,
    Calle Colón, Travesía del Río`),
  femaleTitle: 'Sra.',
  maleTitle: 'Sr.',
  mailDomains: words('correo.example, buzon.example, red.example, webmail.example, example.org'),
  houseNumber: 'after',
  flat: 'Piso',
};
